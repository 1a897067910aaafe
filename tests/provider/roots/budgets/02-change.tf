data "google_project" "project" {}

resource "google_pubsub_topic" "spend" {
  name = "spend"
}

resource "google_billing_budget" "plain" {
  billing_account = "000000-000000-000000"
  display_name    = "plain"
  amount {
    specified_amount {
      units = "120"
    }
  }
  threshold_rules {
    threshold_percent = 0.9
  }
}

resource "google_billing_budget" "team" {
  billing_account = "000000-000000-000000"
  display_name    = "the team"
  budget_filter {
    projects        = ["projects/${data.google_project.project.number}"]
    calendar_period = "YEAR"
  }
  amount {
    specified_amount {
      units = "49"
    }
  }
  threshold_rules {
    threshold_percent = 0.8
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
    }
    labels = { team = "starfish" }
  }
  amount {
    specified_amount {
      units = "50"
    }
  }
}

resource "google_billing_budget" "same_again" {
  billing_account = "000000-000000-000000"
  amount {
    specified_amount {
      units = "10"
    }
  }
}

resource "google_billing_budget" "filtered_later" {
  billing_account = "000000-000000-000000"
  budget_filter {
    calendar_period = "QUARTER"
    labels          = {}
  }
  amount {
    specified_amount {
      units = "10"
    }
  }
}
