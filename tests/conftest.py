from hypothesis import settings

# No test depends on timing, be the machine ever so busy.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
