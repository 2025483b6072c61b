"""What trains: what the bench must know of AutoGluon's predictors beyond their public calls, one file an engine."""
