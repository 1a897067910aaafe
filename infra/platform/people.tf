module "team_access" {
  source = "../../modules/team_access"

  project_id = module.services.project_id
  identities = { for name, identity in local.environment.identities : name => identity.users }
  members    = local.environment.members
  roles      = { for persona, name in local.names.roles : persona => "projects/${local.environment.project}/roles/${name}" }
}
