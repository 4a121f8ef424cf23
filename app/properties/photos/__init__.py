"""A property's photos: sent by the host, made in sizes by a job, put in order, taken away."""
