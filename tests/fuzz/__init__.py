"""Coverage-guided fuzzing with atheris of what reads octets that anybody may send: `make fuzz`."""
