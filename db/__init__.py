"""The database: base, session and models. The only place that commits."""
