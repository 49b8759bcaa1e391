"""Pattern 08, complex event processing: payments, sequences by brute force, the world around it, lab 08."""
