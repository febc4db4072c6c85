"""What agents are measured on."""
