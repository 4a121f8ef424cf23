"""Properties: what is let, what is searched for, what hosts edit."""
