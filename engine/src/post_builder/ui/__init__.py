"""What people and programs see of the commands: progress, outcomes, findings."""
