module "training" {
  source   = "../../modules/training"
  for_each = length(local.environment.training) > 0 ? { staging = local.names.staging } : {}

  project_id  = module.services.project_id
  name        = each.value
  location    = local.environment.region
  labels      = { component = "training" }
  tensorboard = length([for training in local.environment.training : training if training.tensorboard]) > 0 ? "training" : null

  iam = {
    for role in setunion(keys(module.team_access.iam.buckets), local.bucket_roles.write) : role => concat(
      lookup(module.team_access.iam.buckets, role, []),
      contains(local.bucket_roles.write, role) ? [
        for name, identity in local.environment.identities : module.identities[name].member
        if contains(identity.submits, "training") || contains([for training in local.environment.training : training.identity], name)
      ] : [],
    )
  }
}
