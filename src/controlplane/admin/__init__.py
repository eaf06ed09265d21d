"""Use cases of the admin API that are more than one repository call."""
