locals {
  # Clients look the bucket up before they read, which takes bucketViewer.
  bucket_roles = {
    read  = ["roles/storage.bucketViewer", "roles/storage.objectViewer"]
    write = ["roles/storage.bucketViewer", "roles/storage.objectUser"]
  }
}

module "buckets" {
  source   = "../../modules/bucket"
  for_each = local.environment.buckets

  project_id          = module.services.project_id
  name                = local.names.buckets[each.key]
  location            = local.environment.region
  labels              = { component = each.key }
  dvc                 = each.value.dvc
  force_destroy       = each.value.force_destroy
  noncurrent_versions = each.value.dvc || !each.value.versioning ? null : each.value.noncurrent_versions
  soft_delete_days    = each.value.soft_delete_days
  storage_class       = each.value.storage_class
  versioning          = each.value.versioning

  iam = merge([
    for name, identity in local.environment.identities : {
      for role in lookup(local.bucket_roles, lookup(identity.buckets, each.key, "none"), []) : "${name} ${role}" => {
        member = module.identities[name].member
        role   = role
      }
    }
  ]...)
}
