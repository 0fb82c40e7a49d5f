"""What a training keeps from log entry to log entry, each part with its own place in a checkpoint."""
