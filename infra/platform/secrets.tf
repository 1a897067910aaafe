locals {
  reads_secrets = "roles/secretmanager.secretAccessor"
}

module "secrets" {
  source   = "../../modules/secret"
  for_each = local.environment.secrets

  project_id = module.services.project_id
  name       = each.key
  location   = each.value.location == "automatic" ? null : coalesce(each.value.location, local.environment.region)
  labels     = { component = lower(each.key) }

  # People and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.secrets), [for reader in each.value.readers : local.reads_secrets]) :
    role => concat(
      lookup(module.team_access.iam.secrets, role, []),
      [for reader in each.value.readers : module.identities[reader].member if role == local.reads_secrets],
    )
  }
}
