"""Google's APIs: credentials, addresses and retries, for Google Cloud and the local cloud alike."""
