# The backend needs the bucket before Terraform can run, so it is created
# beforehand and imported here.
import {
  to = module.state_bucket.google_storage_bucket.bucket
  id = "${local.environment.project}/${local.names.state_bucket}"
}

module "state_bucket" {
  source = "../../modules/bucket"

  project_id          = module.services.project_id
  name                = local.names.state_bucket
  location            = local.environment.region
  versioning          = true
  noncurrent_versions = { days = 30, keep = 20 }

  iam = {
    for identity in values(module.planner) : "roles/storage.objectViewer" => identity.member...
  }
}
