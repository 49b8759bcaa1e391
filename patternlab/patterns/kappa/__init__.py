"""Pattern 10, Kappa: the world around a replay and a switch, and lab 10. Its truths are those of the flights and 07."""
