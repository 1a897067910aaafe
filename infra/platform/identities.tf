# One identity per purpose. What it may do to a bucket, repository or secret is
# granted there.
module "identities" {
  source   = "../../modules/service_account"
  for_each = local.environment.identities

  project_id    = module.services.project_id
  name          = local.names.identities[each.key]
  description   = each.value.description
  iam           = module.team_access.iam.identities[each.key]
  project_roles = each.value.project_roles
}
