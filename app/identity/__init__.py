"""People: their accounts, and the devices they are signed in on."""
