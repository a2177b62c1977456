"""Whether who asks for a certificate controls the names that it is for: the challenges of ACME, and CAA.

All that is heard here comes from the network, and most of it from who wants to be believed: nothing of it is trusted,
all of it is bounded in octets and in time, and none of it decides where on our own networks we connect to.
"""
