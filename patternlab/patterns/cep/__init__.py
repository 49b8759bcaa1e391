"""Pattern 08, complex event processing: made payments, sequences by brute force, the world around the automaton, lab 08."""
