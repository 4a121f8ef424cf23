"""What people are shown of the money: receipts and invoices, hosts' statements, our reports."""
