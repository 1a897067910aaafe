"""Google's API descriptions: routes, schemas, masks and filters."""
