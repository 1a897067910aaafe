module "secrets" {
  source   = "../../modules/secret"
  for_each = local.environment.secrets

  project_id = module.services.project_id
  name       = each.key
  location   = local.environment.region
  labels     = { component = lower(each.key) }

  iam = {
    for reader in each.value.readers : "${reader} roles/secretmanager.secretAccessor" => {
      member = module.identities[reader].member
      role   = "roles/secretmanager.secretAccessor"
    }
  }
}
