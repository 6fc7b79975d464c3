"""`make bench`: speed and memory of the service, a baseline commit and its peers, in pairs."""
