"""Cloud builders: what the images of Google's own that steps name do here, by docker, gcloud and other tools of this machine."""
