"""What a developer's machine needs and production never runs: servers, supervisor, mail catcher."""
