"""Home: a visitor's projects, runs, models and data, what they used, and runs beside each other."""
