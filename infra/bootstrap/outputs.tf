output "deployer" {
  description = "E-mail address of the deployer, for `gcloud --impersonate-service-account`."
  value       = module.deployer.email
}

output "github" {
  description = "What a workflow gives to google-github-actions/auth, by pool: the provider, and the service accounts of the main branch and of pull requests."
  value = {
    for pool, identity in module.github_identity : pool => {
      deployer                   = module.deployer.email
      planner                    = module.planner[pool].email
      workload_identity_provider = identity.provider
    }
  }
}

output "state_bucket" {
  description = "Address of the bucket that keeps Terraform's state."
  value       = module.state_bucket.url
}
