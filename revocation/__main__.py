"""`python -m revocation`: the command `revocast`, for supervisors that start it with an interpreter of their choice."""

from revocation.commands import main

if __name__ == "__main__":
    main()
