"""Contains the migrations of version 0.1. They are never edited; the test of landed migrations compares them."""
