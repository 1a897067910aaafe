locals {
  reads_secrets = "roles/secretmanager.secretAccessor"

  # Readers of each secret: the identities that the file names, and those of workloads that have it as a variable.
  readers = {
    for secret in keys(local.environment.secrets) : secret => distinct(concat(
      tolist(local.environment.secrets[secret].readers),
      flatten([
        for part in [local.environment.services, local.environment.functions, local.environment.jobs, local.environment.builds] : [
          for workload in values(part) : workload.identity if contains(values(workload.secrets), secret)
        ]
      ]),
    ))
  }
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
    for role in setunion(keys(module.team_access.iam.secrets), [for reader in local.readers[each.key] : local.reads_secrets]) :
    role => concat(
      lookup(module.team_access.iam.secrets, role, []),
      [for reader in local.readers[each.key] : module.identities[reader].member if role == local.reads_secrets],
    )
  }
}
