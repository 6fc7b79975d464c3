"""How every app of the bundle is served: app factory, settings, limits, errors, Lambda entry."""
