"""Types that several modules share."""
