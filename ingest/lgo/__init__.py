"""All that is particular to the Local Government and Social Care Ombudsman's site and documents. Pure."""
