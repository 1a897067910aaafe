data "google_project" "project" {}

resource "google_pubsub_topic" "spend" {
  name = "spend"
}

resource "google_billing_budget" "plain" {
  billing_account = "000000-000000-000000"
  amount {
    specified_amount {
      units = "100"
    }
  }
}

resource "google_billing_budget" "team" {
  billing_account = "000000-000000-000000"
  display_name    = "team"
  ownership_scope = "ALL_USERS"
  budget_filter {
    projects               = ["projects/${data.google_project.project.number}"]
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }
  amount {
    specified_amount {
      currency_code = "USD"
      units         = "49"
      nanos         = 500000000
    }
  }
  threshold_rules {
    threshold_percent = 0.5
  }
  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }
  all_updates_rule {
    pubsub_topic                    = google_pubsub_topic.spend.id
    enable_project_level_recipients = true
  }
}

resource "google_billing_budget" "grant" {
  billing_account = "000000-000000-000000"
  budget_filter {
    custom_period {
      start_date {
        year  = 2026
        month = 9
        day   = 1
      }
      end_date {
        year  = 2026
        month = 12
        day   = 31
      }
    }
    labels       = { team = "cats-dogs" }
    services     = ["services/6F81-5844-456A"]
    credit_types = ["FREE_TIER"]

    credit_types_treatment = "INCLUDE_SPECIFIED_CREDITS"
  }
  amount {
    specified_amount {
      units = "50"
    }
  }
  threshold_rules {
    threshold_percent = 0
  }
}

resource "google_billing_budget" "same_again" {
  billing_account = "000000-000000-000000"
  budget_filter {
    calendar_period = "QUARTER"
    labels          = {}
  }
  amount {
    last_period_amount = true
  }
}

resource "google_billing_budget" "filtered_later" {
  billing_account = "000000-000000-000000"
  amount {
    specified_amount {
      units = "10"
    }
  }
}
