"""The API for people's own systems, at /api/v1: for who has a token of ours, or a client certificate that is named."""
