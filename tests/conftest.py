from hypothesis import settings

# No deadline for examples, so that no test fails on a busy machine.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
