"""Pattern 17, choosing: one question through nine architectures, what is measured of them, and lab 17 with its vignettes."""
