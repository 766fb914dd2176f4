"""Parses the pages and documents of the Local Government and Social Care Ombudsman. Only it knows them. Pure."""
