locals {
  # Clients get the bucket's metadata before they read, which takes bucketViewer.
  bucket_roles = {
    read  = ["roles/storage.bucketViewer", "roles/storage.objectViewer"]
    write = ["roles/storage.bucketViewer", "roles/storage.objectUser"]
  }

  # Members by role, on each bucket.
  buckets_of_identities = {
    for bucket in keys(local.environment.buckets) : bucket => {
      for grant in distinct(concat(
        flatten([
          for name, identity in local.environment.identities : [
            for role in lookup(local.bucket_roles, lookup(identity.buckets, bucket, "none"), []) : { role = role, identity = name }
          ]
        ]),
        # A bucket that a service or job mounts, or a function names, is used by its identity.
        flatten([
          for part in [local.environment.services, local.environment.functions, local.environment.jobs] : [
            for workload in values(part) : [
              for role in lookup(local.bucket_roles, lookup(workload.buckets, bucket, "none"), []) : { role = role, identity = workload.identity }
            ]
          ]
        ]),
        flatten([
          for training in local.environment.training : [
            for role in local.bucket_roles.write : { role = role, identity = training.identity } if training.output == bucket
          ]
        ]),
      )) : grant.role => module.identities[grant.identity].member...
    }
  }
}

module "buckets" {
  source   = "../../modules/bucket"
  for_each = local.environment.buckets

  project_id          = module.services.project_id
  name                = local.names.buckets[each.key]
  location            = coalesce(each.value.location, local.environment.region)
  labels              = { component = each.key }
  dvc                 = each.value.dvc
  force_destroy       = each.value.force_destroy
  noncurrent_versions = each.value.dvc || !each.value.versioning ? null : each.value.noncurrent_versions
  soft_delete_days    = each.value.soft_delete_days
  storage_class       = each.value.storage_class
  versioning          = each.value.versioning

  # People and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.buckets), keys(local.buckets_of_identities[each.key])) :
    role => concat(lookup(module.team_access.iam.buckets, role, []), lookup(local.buckets_of_identities[each.key], role, []))
  }
}
