"""Google's APIs: credentials, addresses and retries, the same for Google Cloud and for the local cloud."""
