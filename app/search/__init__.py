"""Finding places: what guests look for, decided in SQL, a page at a time."""
