"""The periodic work and the operator's commands: everything that asks, and nothing that signs."""
