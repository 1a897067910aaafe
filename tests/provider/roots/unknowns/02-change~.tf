resource "terraform_data" "later" {
  input = { team = "birds", days = 9, member = "user:alice@example.com" }
}
