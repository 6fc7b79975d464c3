"""The web service around the functions: app factory, settings, limits, errors, Lambda entry."""
