"""What entries of an experiment are called and take, and what a wrong name or value is answered with."""
