module "team_access" {
  source = "../../modules/team_access"

  project_id = module.services.project_id
  members    = local.environment.members
  buckets    = { for name, bucket in module.buckets : name => bucket.name }
  secrets    = { for name, secret in module.secrets : name => secret.name }

  identities = {
    for name, identity in module.identities : name => {
      id    = identity.id
      users = local.environment.identities[name].users
    }
  }

  repositories = {
    for name, repository in module.repositories : name => {
      location = local.environment.region
      name     = repository.name
    }
  }
}
