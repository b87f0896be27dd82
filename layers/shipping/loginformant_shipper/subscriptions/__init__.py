"""Create and remove subscription filters according to the stack's settings.

The subscriber function and `shipctl subscriptions` use this package. The shipper does not.
"""
