"""Where the beacon is: one forward model and one estimator for LEO, MEO and GEO."""
