"""What Google's API descriptions say: routes, schemas, masks, filters."""
